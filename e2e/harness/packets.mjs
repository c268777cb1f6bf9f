// Counting UDP packets on every interface of the namespace, by who they are between: the namespace is the run's own, so whatever
// is neither from nor to one of our ports is from one viewer to another. Browsers link by UDP alone: none listens on TCP. Only nft
// in the kernel sees all; it needs root in the namespace, which the run has.

import assert from 'node:assert/strict';

import { atEnd } from './ends.mjs';
import { run } from './process.mjs';

const TABLE = 'shoal_e2e';
const OTHER = [53, 5353]; // name services: a browser may ask in vain

async function nft(...args) {
  const { code, output } = await run('nft', 'nft', args);
  assert.equal(code, 0, `nft ${args.join(' ')}: ${output}`);
  return output;
}

/** Makes a table for as long as the test lasts; returns what asks for its counters, {name: packets}. */
async function table(t, text) {
  await nft(`table inet ${TABLE} {${text}\n}`);
  atEnd(t, () => nft('delete', 'table', 'inet', TABLE));
  return async () => {
    const { nftables } = JSON.parse(await nft('--json', 'list', 'counters', 'table', 'inet', TABLE));
    return Object.fromEntries(nftables.filter((n) => n.counter).map(({ counter }) => [counter.name, counter.packets]));
  };
}

/**
 * Counts from now on: `relayed` packets go to or from the TURN server's port, `between` relays from one of its relay ports to
 * another, and `direct` ones between two ports that are nobody's but viewers', or between a viewer and a relay port.
 */
export function counting(t, { turn, relays, services }) {
  const known = `{ ${[...services, ...OTHER].join(', ')} }`;
  return table(t, `
    counter relayed {}
    counter between {}
    counter direct {}
    chain sent {
      type filter hook output priority 0; policy accept;
      udp dport ${turn} counter name relayed return
      udp sport ${turn} counter name relayed return
      udp sport ${relays} udp dport ${relays} counter name between return
      udp dport ${known} return
      udp sport ${known} return
      meta l4proto udp counter name direct
    }`);
}

/** Drops what is sent to a UDP port; returns what tells how many packets that were. */
export async function blocking(t, port) {
  const counts = await table(t, `
    counter dropped {}
    chain sent {
      type filter hook output priority 0; policy accept;
      udp dport ${port} counter name dropped drop
    }`);
  return async () => (await counts()).dropped;
}
