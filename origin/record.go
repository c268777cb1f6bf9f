package origin

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/archive"
	"github.com/shoal-live/shoal/origin/archive/upload"
	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/thumbnail"
)

// openArchive makes what keeps media on disk, where that is wanted, and what makes pictures.
func (o *Origin) openArchive() (err error) {
	c := &o.config
	if o.pictures, err = thumbnail.New(thumbnail.Config{Registry: c.Registry, Log: c.Log}); err != nil {
		return err
	}
	if c.DVR == 0 && !c.Record {
		return nil
	}
	o.archive, err = archive.New(archive.Config{
		Dir: filepath.Join(c.Data, "recordings"), DVR: c.DVR, Keep: c.Record, KeepFor: c.Keep, FileDuration: c.fileDuration(), Upload: c.Storage.Endpoint != "",
		Reserve: c.DiskReserve, Grace: c.Grace, Registry: c.Registry, Log: c.Log,
	})
	if err != nil {
		return ofConfig(err, archive.ErrConfig)
	}
	if c.Storage.Endpoint == "" {
		return nil
	}
	storage := c.Storage
	storage.Archive, storage.Registry, storage.Log = o.archive, c.Registry, c.Log
	if o.uploader, err = upload.New(storage); err != nil {
		return ofConfig(err, upload.ErrConfig)
	}
	return nil
}

// stores tells whether a stream is written to disk.
func (o *Origin) stores(name string) bool {
	return o.archive != nil && !(o.config.Record && slices.Contains(o.config.Unrecorded, name))
}

// fileDuration is how long files last: RecordFile, or, where none are kept, what suits the window.
func (c *Config) fileDuration() time.Duration {
	if !c.Record {
		return 0
	}
	return c.RecordFile
}

// lookAnew is how often is looked for windows that were replaced: of the one before no change tells.
const lookAnew = time.Second

// record writes a broadcast to disk until it ends: each rendition from when it has media, and anew where the stream is numbered anew.
func (o *Origin) record(ctx context.Context, st *stream.Stream) {
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(lookAnew)
	defer tick.Stop()
	type place struct {
		window *hls.Window
		leave  context.CancelFunc
	}
	at := map[int]place{}
	for {
		lead := st.Window(0)
		_, changed := lead.View()
		for _, i := range st.Renditions() {
			from, ok := source(st, i)
			if !ok || at[i].window == from.Window {
				continue
			}
			if before := at[i]; before.leave != nil {
				before.leave()
			}
			following, leave := context.WithCancel(ctx)
			at[i] = place{from.Window, leave}
			all.Go(func() {
				defer leave()
				o.archive.Record(following, from)
			})
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// source returns a rendition as it is recorded, false in the moment in which it is numbered anew.
func source(st *stream.Stream, index int) (from archive.Source, ok bool) {
	epoch := st.Epoch()
	from = archive.Source{
		Stream: st.Name, Epoch: epoch, Rendition: index, Window: st.Window(index),
		Describe: func() (v hls.Variant) {
			for _, r := range st.Describe().Renditions {
				if r.Index == index {
					v = hls.Variant{Codecs: r.Codecs, Width: r.Width, Height: r.Height, FrameRate: r.FrameRate}
				}
			}
			return v
		},
	}
	return from, from.Window != nil && st.Epoch() == epoch
}

// past is what a stream's window begins with in a new process.
func (o *Origin) past(name string, epoch uint32, rendition int) stream.Past {
	if !o.stores(name) {
		return stream.Past{}
	}
	segments, head := o.archive.Past(name, epoch, rendition, time.Now())
	return stream.Past{Segments: segments, Rendition: stream.Rendition{
		Index: rendition, Codecs: head.Codecs, Width: head.Width, Height: head.Height, FrameRate: head.FrameRate,
	}}
}

// serveStored answers for media that is on disk and in no window, and tells whether it did.
func (o *Origin) serveStored(w http.ResponseWriter, r *http.Request) bool {
	name := r.PathValue("name")
	index, ok := renditionOf(r)
	n, named := hls.ParseName(r.PathValue("file"))
	epoch, err := strconv.ParseUint(r.PathValue("epoch"), 10, 32)
	if o.archive == nil || !ok || !named || err != nil || !stream.ValidName(name) || r.PathValue("epoch") != strconv.FormatUint(epoch, 10) {
		return false
	}
	if st := o.streams.Get(name); st != nil {
		if win := st.Window(index); win != nil && win.Epoch() == uint32(epoch) {
			if m, mayCome := win.Find(n); m.There() || mayCome {
				return false
			}
		}
	}
	return o.archive.ServeMedia(w, r, name, uint32(epoch), index, n)
}

// serveRecording answers for a playlist of a recording.
func (o *Origin) serveRecording(w http.ResponseWriter, r *http.Request) {
	name, index := r.PathValue("name"), -1
	if r.PathValue("rendition") != "" {
		var ok bool
		if index, ok = renditionOf(r); !ok {
			name = ""
		}
	}
	if o.archive == nil || !stream.ValidName(name) {
		hls.Fail(w, http.StatusNotFound, "origin: there is no such recording")
		return
	}
	o.archive.ServePlaylist(w, r, name, r.PathValue("id"), index)
}

// recording is how a stream is written to disk.
type recording struct {
	State string  `json:"state"` // working, stopped
	Why   *string `json:"why"`   // it has stopped
}

// recordingOf returns how a live stream is written to disk, nil where nothing is.
func (o *Origin) recordingOf(name string) *recording {
	if !o.stores(name) {
		return nil
	}
	if why := whyStopped(o.archive.StoppedOf(name)); why != nil {
		return &recording{"stopped", why}
	}
	return &recording{State: "working"}
}

// whyStopped says why nothing can be written to disk, nil where it can. Paths are the operator's business: they are in the log.
func whyStopped(err error) *string {
	if err == nil {
		return nil
	}
	text := "the disk cannot be written to"
	if errors.Is(err, archive.ErrFull) {
		text = "the disk is full"
	}
	return &text
}

// serveRecordings lists a stream's recordings.
func (o *Origin) serveRecordings(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if o.archive == nil || !o.config.Record || !stream.ValidName(name) {
		hls.Fail(w, http.StatusNotFound, "origin: nothing is recorded here; start the origin with -record")
		return
	}
	list := struct {
		Recordings []archive.Description `json:"recordings"`
		Stopped    *string               `json:"stopped"`
		Storage    *upload.State         `json:"storage"` // null: recordings stay here
	}{Recordings: o.archive.Recordings(name)}
	if len(list.Recordings) == 0 && o.streams.Get(name) == nil && !o.keys.Named(name) {
		hls.Fail(w, http.StatusNotFound, "origin: there is no stream "+name)
		return
	}
	for i := range list.Recordings {
		o.illustrate(&list.Recordings[i])
	}
	list.Stopped = whyStopped(o.archive.Stopped())
	if o.uploader != nil {
		state := o.uploader.State()
		list.Storage = &state
	}
	writeJSON(w, list)
}

// mostRecordings is how many recordings the list of all streams has at most.
const mostRecordings = 1000

// serveAllRecordings lists the recordings of all streams; none where nothing is recorded, so that pages may ask.
func (o *Origin) serveAllRecordings(w http.ResponseWriter, _ *http.Request) {
	list := struct {
		Recordings []archive.Recorded `json:"recordings"`
	}{[]archive.Recorded{}}
	if o.archive != nil && o.config.Record {
		list.Recordings = o.archive.All(mostRecordings)
		for i := range list.Recordings {
			o.illustrate(&list.Recordings[i].Description)
		}
	}
	writeJSON(w, list)
}

// illustrate leaves out where a picture would be, if none can be made.
func (o *Origin) illustrate(d *archive.Description) {
	if !o.pictures.Available() {
		d.Thumbnail = nil
	}
}

// serveStill answers with a picture of a recording.
func (o *Origin) serveStill(w http.ResponseWriter, r *http.Request) {
	name, id := r.PathValue("name"), r.PathValue("id")
	var frame func() [][]byte
	if o.archive != nil && stream.ValidName(name) {
		if still := o.archive.Still(name, id); still != nil {
			frame = still.Frame
		}
	}
	o.pictures.ServeStill(w, r, name+"/"+id, frame)
}

// servePicture answers with a picture of a live stream.
func (o *Origin) servePicture(w http.ResponseWriter, r *http.Request) {
	st := o.find(w, r)
	if st == nil {
		return
	}
	window := st.Window(0)
	if d := st.Describe(); len(d.Renditions) > 0 && d.Renditions[0].Width == 0 {
		window = nil // it is sound alone
	}
	o.pictures.Serve(w, r, st.Name, window)
}
