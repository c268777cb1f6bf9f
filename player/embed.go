// Package player holds the browser's side of Shoal: the <shoal-player> element, the pages and the scheduler as
// WebAssembly. The sources are TypeScript; ./scripts/up and ./scripts/test build them into dist/, which this
// package embeds. Files that pay from it stand there compressed as well, as NAME.br and NAME.gz.
package player

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built player. It holds no index.html while nothing was built.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // cannot be: "dist" is a valid path
	}
	return files
}
