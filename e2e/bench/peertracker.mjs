// The WebSocket tracker of bittorrent-tracker as its own program starts it, for bench tracker: peertracker.mjs PORT. That
// program would load the client too, which needs a native module.
import Server from 'bittorrent-tracker/server';

const server = new Server({ http: false, udp: false, ws: true });
server.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
server.listen(Number(process.argv[2]));
