package transcode

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/shoal-live/shoal/origin/media"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  []Rung
		wrong bool
	}{
		{words: nil},
		{words: []string{"720p"}, want: []Rung{720}},
		{words: []string{"360p", "1080p", "480p"}, want: []Rung{1080, 480, 360}},
		{words: []string{"720"}, wrong: true},
		{words: []string{"p"}, wrong: true},
		{words: []string{""}, wrong: true},
		{words: []string{"-360p"}, wrong: true},
		{words: []string{"361p"}, wrong: true},
		{words: []string{"142p"}, wrong: true},
		{words: []string{"4320p"}, wrong: true},
		{words: []string{"360p", "360p"}, wrong: true},
		{words: []string{"144p", "240p", "360p", "480p", "540p", "720p", "1080p"}, wrong: true},
	} {
		got, err := Parse(c.words)
		if errors.Is(err, ErrLadder) != c.wrong || !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, %v", c.words, got, err)
		}
	}
}

func TestRungsBelowTheSource(t *testing.T) {
	all := []Rung{720, 480, 360}
	for _, c := range []struct {
		width, height int
		want          []Rung
		scale         string // of the highest
	}{
		{1920, 1080, all, "scale=-2:720"},
		{1280, 720, all[1:], "scale=-2:480"},
		{854, 480, all[2:], "scale=-2:360"},
		{640, 360, nil, ""},
		{720, 1280, all[1:], "scale=480:-2"}, // held upright
		{0, 0, nil, ""},
	} {
		source := media.Track{Width: c.width, Height: c.height}
		got := below(all, source)
		if !slices.Equal(got, c.want) || len(got) > 0 && got[0].scale(source) != c.scale {
			t.Errorf("%dx%d: %v", c.width, c.height, got)
		}
	}
}

func TestKilobits(t *testing.T) {
	source := media.Track{Width: 1280, Height: 720}
	for _, c := range []struct {
		rung Rung
		bits float64
		want int
	}{{360, 0, 800}, {540, 0, 1469}, {540, 4e6, 1469}, {540, 1e6, 750}, {360, 1e6, 500}, {144, 1e3, 50}} {
		if got := c.rung.kilobits(source, c.bits); got != c.want {
			t.Errorf("%v of %v: %d, want %d", c.rung, c.bits, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("720p", "360p")
	f.Fuzz(func(t *testing.T, a, b string) {
		rungs, err := Parse([]string{a, b})
		if err == nil && (len(rungs) != 2 || rungs[0] <= rungs[1] || rungs[1] < 144) {
			t.Error(rungs)
		}
	})
}

func ExampleParse() {
	rungs, err := Parse([]string{"360p", "720p"})
	fmt.Println(rungs, err)
	_, err = Parse([]string{"high"})
	fmt.Println(err)
	// Output:
	// [720p 360p] <nil>
	// transcode: a ladder is up to 6 heights of 144p to 2160p, such as 720p,480p,360p; "high" is none
}
