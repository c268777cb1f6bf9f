"""A WHIP broadcaster on aiortc, an implementation of WebRTC that shares nothing with Chromium and pion.

whip.py URL KEY FILE publishes a file in real time, over and over, until SIGTERM; then it ends the session. It prints
"published LOCATION", "connected", and what ended it.
"""

import asyncio
import signal
import sys
import urllib.parse
import urllib.request

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer


def ask(method, url, key, body=None):
    """Asks as a WHIP client does; an answer that is no success raises."""
    headers = {"Authorization": f"Bearer {key}"}
    if body is not None:
        headers["Content-Type"] = "application/sdp"
    request = urllib.request.Request(url, data=body and body.encode(), headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.headers, answer.read().decode()


async def main(url, key, file):
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    @connection.on("connectionstatechange")
    def changed():
        print(connection.connectionState, flush=True)
        if connection.connectionState in ("failed", "closed"):
            ended.set()

    player = MediaPlayer(file, loop=True)
    wanted = {"video": "video/H264", "audio": "audio/opus"}
    for track in (player.audio, player.video):
        transceiver = connection.addTransceiver(track, direction="sendonly")
        codecs = RTCRtpSender.getCapabilities(track.kind).codecs
        transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() == wanted[track.kind].lower()])
    await connection.setLocalDescription(await connection.createOffer())
    status, headers, answer = await asyncio.to_thread(ask, "POST", url, key, connection.localDescription.sdp)
    assert status == 201 and headers["Content-Type"] == "application/sdp", (status, headers)
    location = urllib.parse.urljoin(url, headers["Location"])
    print("published", location, flush=True)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await ended.wait()
    status, _, _ = await asyncio.to_thread(ask, "DELETE", location, key)
    print("deleted", status, flush=True)
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
