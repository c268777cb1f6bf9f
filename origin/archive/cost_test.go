package archive

import (
	"runtime"
	"testing"
	"time"
)

// BenchmarkRecord says what recording costs: of a part of 80 kB, as at 2 Mbit/s, until it is in its file.
func BenchmarkRecord(b *testing.B) {
	a, err := New(Config{Dir: b.TempDir(), Keep: true})
	if err != nil {
		b.Fatal(err)
	}
	cast := newBroadcast(10)
	cast.pad = 8000
	r := &recorder{archive: a, shelf: a.shelf("show"), source: cast.source()}
	defer r.close()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		cast.play(10)
		v, _ := cast.window.View()
		b.StartTimer()
		if err := r.copy(v); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWindow says what a segment costs in memory that is on disk and listed in a window of two hours.
func BenchmarkWindow(b *testing.B) {
	const segments = 3600
	for b.Loop() {
		a, err := New(Config{Dir: b.TempDir(), DVR: 2 * time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		cast := newBroadcast(segments)
		cast.window = newWindow(segments)
		r := &recorder{archive: a, shelf: a.shelf("show"), source: cast.source()}
		cast.bytes = nil
		before := heap()
		for range segments {
			cast.play(60)
			v, _ := cast.window.View()
			if err := r.copy(v); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heap()-before)/segments, "B/segment")
		runtime.KeepAlive(cast)
		runtime.KeepAlive(a)
		r.close()
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
