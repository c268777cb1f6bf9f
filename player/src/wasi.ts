// The few things that a Go program compiled for WASI asks of its host. It has no files, no arguments and no
// environment; what it prints goes to the console.

const SUCCESS = 0;
const BADF = 8;

type Call = (...args: number[]) => number;

// wasi returns the imports; memory is asked for on each call, because it moves when it grows.
export function wasi(memory: () => WebAssembly.Memory): WebAssembly.Imports {
  const view = (): DataView => new DataView(memory().buffer);
  const none: Call = (count = 0, size = 0) => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return SUCCESS;
  };
  const known: Record<string, (...args: never[]) => number | void> = {
    args_sizes_get: none,
    environ_sizes_get: none,
    args_get: () => SUCCESS,
    environ_get: () => SUCCESS,
    sched_yield: () => SUCCESS,
    clock_time_get: (_id: number, _precision: bigint, result: number) => {
      view().setBigUint64(result, BigInt(Math.round(performance.now() * 1e6)), true);
      return SUCCESS;
    },
    random_get: (at: number, length: number) => {
      for (let done = 0; done < length; done += 65536) {
        crypto.getRandomValues(new Uint8Array(memory().buffer, at + done, Math.min(65536, length - done)));
      }
      return SUCCESS;
    },
    fd_write: (_fd: number, vectors: number, count: number, written: number) => {
      const v = view();
      let text = '';
      let total = 0;
      for (let i = 0; i < count; i++) {
        const length = v.getUint32(vectors + 8 * i + 4, true);
        text += new TextDecoder().decode(new Uint8Array(v.buffer, v.getUint32(vectors + 8 * i, true), length));
        total += length;
      }
      console.warn('shoal scheduler:', text);
      v.setUint32(written, total, true);
      return SUCCESS;
    },
    poll_oneoff: (_in: number, _out: number, _count: number, result: number) => {
      view().setUint32(result, 0, true);
      return SUCCESS;
    },
    proc_exit: (code: number) => {
      throw new Error(`scheduler: exited with ${code}`);
    },
  };
  const rest: Call = () => BADF;
  return { wasi_snapshot_preview1: new Proxy(known, { get: (calls, name: string) => calls[name] ?? rest }) as WebAssembly.ModuleImports };
}
