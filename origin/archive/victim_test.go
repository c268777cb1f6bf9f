package archive

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const victimDir = "SHOAL_TEST_ARCHIVE" // set: this process is to be killed

// victim broadcasts and records as fast as the disk takes it, until somebody kills it. It says how much is recorded.
func victim(dir string) {
	a, err := New(Config{Dir: dir, Keep: true, Reserve: 1})
	if err != nil {
		panic(err)
	}
	b := newBroadcast(20)
	b.bytes = nil
	r := &recorder{archive: a, shelf: a.shelf("show"), source: b.source()}
	for said := b.sent; ; {
		b.play(1)
		if b.sent == said {
			continue
		}
		v, _ := b.window.View()
		if err := r.copy(v); err != nil {
			panic(err)
		}
		said = b.sent
		fmt.Println(said.Nanoseconds())
	}
}

// A process that is killed leaves a file that plays to its last part, and the next finds all of it.
//
// Clause: recording
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), victimDir+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var sent time.Duration
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Errorf("the victim said %q", lines.Text())
			break
		}
		if sent = time.Duration(n); sent >= 9*time.Second {
			_ = c.Process.Signal(syscall.SIGKILL) // what it has still said is read to the end
		}
	}
	_ = c.Wait()
	if sent < 9*time.Second {
		t.Fatalf("the victim sent %v", sent)
	}

	media := files(t, dir)
	if len(media) != 1 {
		t.Fatalf("files: %q", media)
	}
	before, noise := duration(t, media[0])
	if !near(before, sent) {
		t.Errorf("as the killed process left it, it lasts %v; %v were sent; %s", before, sent, noise)
	}
	a := newArchive(t, Config{Dir: dir, Keep: true})
	list := a.Recordings("show")
	if len(list) != 1 || !near(time.Duration(list[0].Playable*float64(time.Second)), sent) {
		t.Errorf("recordings: %+v; %v were sent", list, sent)
	}
	after, noise := duration(t, media[0])
	if !near(after, sent) || noise != "" {
		t.Errorf("mended, it lasts %v; %v were sent; %s", after, sent, noise)
	}
	decode(t, media[0])
	t.Logf("sent %v, played %v as it was left, %v mended", sent, before, after)
}

// Whatever was torn by the end of a process, or of the machine: what is whole is there afterwards, and no more.
func TestMend(t *testing.T) {
	b := newBroadcast(20)
	b.play(215)
	base, err := basesOf(b.init.Bytes, b.bytes[12])
	if err != nil {
		t.Fatal(err)
	}
	parts := b.segment.MSN - 12 // whole segments, and some parts of another
	tail := int64(len(b.bytes[12+parts]))
	if parts != 3 || tail == 0 {
		t.Fatalf("%d segments and %d bytes", parts, tail)
	}
	head := Head{Epoch: epoch, Init: 3, Size: int64(len(b.init.Bytes)), First: 12, Date: b.began, Bases: base}
	x := &Index{Head: head}
	media := bytes.Clone(b.init.Bytes)
	for msn := uint64(12); msn < 15; msn++ {
		x.Segments = append(x.Segments, Segment{
			MSN: msn, At: x.End(), Size: int64(len(b.bytes[msn])), Duration: 2 * time.Second, Date: x.EndDate(), Independent: true,
		})
		media = append(media, b.bytes[msn]...)
	}
	full := append(bytes.Clone(media), b.bytes[15]...)
	lines := x.Append(nil)
	shorter := len(appendLine(nil, x.Segments[2]))

	for name, c := range map[string]struct {
		media, index []byte
		segments     int
		size         int64
	}{
		"whole, not closed":         {media, lines, 3, int64(len(media))},
		"parts behind the index":    {full, lines, 4, int64(len(full))},
		"a torn part":               {full[:len(full)-9], lines, 4, 0},
		"torn in the first part":    {full[:len(media)+100], lines, 3, int64(len(media))},
		"zeros":                     {append(bytes.Clone(media), make([]byte, 5000)...), lines, 3, int64(len(media))},
		"a torn line":               {media, lines[:len(lines)-5], 3, int64(len(media))},
		"media not on the disk yet": {media[:len(media)-5], lines, 3, 0},
		"two lines short":           {full, lines[:len(lines)-shorter], 3, int64(len(full))}, // one long last segment
		"only an init segment":      {b.init.Bytes, appendLine(nil, head), 0, int64(len(b.init.Bytes))},
		"half an init segment":      {b.init.Bytes[:50], appendLine(nil, head), 0, int64(len(b.init.Bytes))},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s12")
			if err := os.WriteFile(path+mediaSuffix, c.media, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path+indexSuffix, c.index, 0o600); err != nil {
				t.Fatal(err)
			}
			x, err := load(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(x.Segments) != c.segments || !x.Closed || c.size > 0 && x.End() != c.size {
				t.Errorf("%d segments, %d bytes of %d", len(x.Segments), x.End(), c.size)
			}
			info, err := os.Stat(path + mediaSuffix)
			if err != nil || info.Size() != x.End() {
				t.Errorf("%d bytes, %d in the index", info.Size(), x.End())
			}
			again, err := load(path)
			if err != nil || !bytes.Equal(again.Append(nil), x.Append(nil)) {
				t.Errorf("loaded again: %v", err)
			}
			if strings.Contains(name, "init") {
				return
			}
			if skimmed, err := skim(path); err != nil || skimmed == nil || skimmed.EndDate() != x.EndDate() {
				t.Errorf("skimmed: %+v, %v", skimmed, err)
			}
		})
	}
}
