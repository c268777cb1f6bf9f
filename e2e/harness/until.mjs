// Waiting: poll with a deadline, or let a measured time pass. No test sleeps for luck.

/** Polls probe until it returns something true, and returns that; fails, saying what for, when the time is over. */
export async function until(what, probe, { seconds = 10, every = 100 } = {}) {
  const limit = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      last = undefined;
      const got = await probe();
      if (got) return got;
    } catch (error) {
      last = error;
    }
    if (Date.now() > limit) throw new Error(`waited ${seconds} s for ${what}`, { cause: last });
    await pass(every / 1000);
  }
}

/** Lets a time pass over which something is measured. */
export function pass(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
