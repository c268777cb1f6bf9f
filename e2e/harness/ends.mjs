// What a test has opened is closed when it ends, the last opened first: viewers before servers.

const open = new WeakMap();

/** Calls end when the test is over. All are called, and the first that fails fails the test. */
export function atEnd(t, end) {
  if (!open.has(t)) {
    open.set(t, []);
    t.after(async () => {
      const failures = [];
      for (const each of open.get(t).reverse()) {
        try {
          await each();
        } catch (failure) {
          failures.push(failure);
        }
      }
      if (failures.length > 0) throw failures[0];
    });
  }
  open.get(t).push(end);
}
