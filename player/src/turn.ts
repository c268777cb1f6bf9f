// A turn of the event loop: what takes long is done in several, so that media which comes meanwhile is not kept waiting.
// Unlike a timer it is not put off where the page is hidden.

// turn settles in a task of its own.
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
