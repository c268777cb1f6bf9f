//go:build !linux || !(amd64 || arm64)

package stream

import (
	"errors"
	"os"
)

func overwriteRaw(*os.File, []byte) (int, error) { return 0, errors.ErrUnsupported }
