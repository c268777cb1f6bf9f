package transcode

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/shoal-live/shoal/origin/media"
)

// MaxRungs is how many renditions a ladder may have.
const MaxRungs = 6

// ErrLadder says that a ladder cannot be.
var ErrLadder = errors.New("transcode: a ladder is up to 6 heights of 144p to 2160p, such as 720p,480p,360p")

// Rung is the height of a rendition, or its width where it is higher than wide: what people call 720p.
type Rung int

func (r Rung) String() string { return strconv.Itoa(int(r)) + "p" }

// Parse reads the rungs of a ladder, words like "720p", and returns them highest first.
func Parse(words []string) (rungs []Rung, err error) {
	for _, word := range words {
		digits, ok := strings.CutSuffix(word, "p")
		n, err := strconv.ParseUint(digits, 10, 16)
		switch {
		case !ok || err != nil:
			return nil, fmt.Errorf("%w; %q is none", ErrLadder, word)
		case n < 144 || n > 2160 || n%2 != 0:
			return nil, fmt.Errorf("%w; %q is not an even number from 144p to 2160p", ErrLadder, word)
		case slices.Contains(rungs, Rung(n)):
			return nil, fmt.Errorf("%w; %q is there twice", ErrLadder, word)
		}
		rungs = append(rungs, Rung(n))
	}
	if len(rungs) > MaxRungs {
		return nil, fmt.Errorf("%w; these are %d", ErrLadder, len(rungs))
	}
	slices.Sort(rungs)
	slices.Reverse(rungs)
	return rungs, nil
}

// below returns the rungs that are smaller than the source.
func below(rungs []Rung, source media.Track) (lower []Rung) {
	for _, r := range rungs {
		if int(r) < min(source.Width, source.Height) {
			lower = append(lower, r)
		}
	}
	return lower
}

// scale is ffmpeg's filter: the other side keeps the shape, in even numbers.
func (r Rung) scale(source media.Track) string {
	if source.Width < source.Height {
		return fmt.Sprintf("scale=%d:-2", r)
	}
	return fmt.Sprintf("scale=-2:%d", r)
}

// kilobits is the most that a rung may need, kbit/s: 800 for 360p, 2260 for 720p, 4160 for 1080p; and no larger a share of the source's
// bits than of its height, where they are known. Pictures that are easy need less.
func (r Rung) kilobits(source media.Track, bits float64) int {
	most := 800 * math.Pow(float64(r)/360, 1.5)
	if bits > 0 {
		most = min(most, bits/1000*float64(r)/float64(min(source.Width, source.Height)))
	}
	return max(50, int(most))
}

func join(rungs []Rung) string {
	var words []string
	for _, r := range rungs {
		words = append(words, r.String())
	}
	return strings.Join(words, ", ")
}
