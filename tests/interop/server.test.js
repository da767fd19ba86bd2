// Clients that others wrote, at our server.

import * as clients from './clients.js';
import { startHost } from './programs.js';
import { atServer } from './server.js';

atServer(startHost, clients);
