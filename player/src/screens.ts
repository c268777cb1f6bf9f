// Where the picture goes beside its place in the page, and back: the whole screen, and a window that stays above others.

type Video = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

// fillScreen fills it with all of the player, but on an iPhone, where it can be filled by a video alone.
export function fillScreen(player: HTMLElement, video: Video): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (player.requestFullscreen) void player.requestFullscreen();
  else video.webkitEnterFullscreen?.();
}

export function floatAbove(video: HTMLVideoElement): void {
  if (document.pictureInPictureElement) void document.exitPictureInPicture();
  else if (document.pictureInPictureEnabled) video.requestPictureInPicture().catch(() => undefined); // there is no picture yet
}
