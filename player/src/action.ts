// What the scheduler asks for: the actions of swarm/scheduler/action.go.

export const Kind = {
  SendTracker: 1,
  ICEServers: 2,
  Refused: 3,
  Connect: 4,
  Signal: 5,
  Disconnect: 6,
  Send: 7,
  SendHashes: 8,
  SendPieces: 9,
  Fetch: 10,
  TakeHashes: 11,
  TakePieces: 12,
  Park: 13,
  Complete: 14,
  Drop: 15,
  Reload: 16,
  TakeRecord: 17,
} as const;

export interface Action {
  kind: number;
  peer: number;
  chunk: number;
  first: number;
  count: number;
  bytes: Uint8Array<ArrayBuffer>; // a copy
}
