// Run by Node, Deno and Bun: says which entry was taken, and whose token came out.

import { signIn } from './sign-in.js';

console.log(import.meta.resolve('symbolon').split('/').at(-1), await signIn());
