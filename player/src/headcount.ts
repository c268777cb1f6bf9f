// What a viewer that a tracker counts says with each playlist that it asks an edge for, so that nobody is counted twice: see the package headcount. Pages may
// send this field to any host without asking first, and no cache has it in its key.

export const MEMBER = { Accept: 'application/vnd.apple.mpegurl;swarm=1, */*' };
