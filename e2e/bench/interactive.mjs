// When a watch page can be used: a script that runs in it before the page's own.

/**
 * Runs in the page (so it is one function, without imports). It presses the player's button of numbers as soon as there is one, and sees when the
 * panel is on the screen; and it notes the long tasks of the main thread. Its findings, in milliseconds since the navigation, are at
 * window.shoalAnswer: interactive is the page when the press is answered, and no long task that began before is still running.
 */
export function answering() {
  const found = (window.shoalAnswer = { paintMillis: 0, pressedMillis: 0, answersMillis: 0, tasks: [], get now() { return performance.now(); } });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) found.tasks.push({ start: startTime, millis: duration });
  }).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) if (name === 'first-contentful-paint') found.paintMillis = startTime;
  }).observe({ type: 'paint', buffered: true });
  const channel = new MessageChannel(); // whose turn comes without a timer's delay
  const look = () => {
    const root = document.querySelector('shoal-player')?.shadowRoot;
    const button = root?.querySelector('.stats');
    if (!button) {
      setTimeout(look, 4);
      return;
    }
    found.pressedMillis = performance.now();
    button.click();
    requestAnimationFrame(() => {
      if (root.querySelector('.panel').hidden) throw new Error('the press was not answered');
      channel.port1.onmessage = () => (found.answersMillis = performance.now()); // it was drawn
      channel.port2.postMessage(0);
    });
  };
  look();
}
