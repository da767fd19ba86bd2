// From a module, or what it is compiled from, to an instance.

import { Core } from './core.js';

export async function instantiate(source) {
  const module = await source;
  const { exports } = await WebAssembly.instantiate(await compile(module));
  return new Core(exports);
}

// Edge runtimes compile modules outside of the realm that the program runs in, where `instanceof` does not know them.
const isModule = (source) => Object.prototype.toString.call(source) === '[object WebAssembly.Module]';

async function compile(source) {
  if (isModule(source)) return source;
  if (typeof Response === 'undefined' || !(source instanceof Response)) return WebAssembly.compile(source);
  if (!source.ok) throw new Error(`the module cannot be loaded: ${source.status} from ${source.url}`);
  // Compiling as it arrives asks for the media type; without it the bytes serve.
  const streams = WebAssembly.compileStreaming && /^application\/wasm\b/.test(source.headers.get('content-type') ?? '');
  return streams ? WebAssembly.compileStreaming(source) : WebAssembly.compile(await source.arrayBuffer());
}
