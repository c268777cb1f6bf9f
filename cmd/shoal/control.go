package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shoal-live/shoal/tracker"
)

// controlTime is how long the tracker may take to answer.
const controlTime = 10 * time.Second

// control shows how a tracker runs the swarms of its streams, and changes it for one.
func control(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("control [NAME] [flags]",
		"Shows how a tracker runs the swarms of the streams that have viewers at it or a control of their own, or the swarm of one stream. With\n"+
			"flags it changes what they name, at once and for as long as the tracker runs, also before the stream has viewers. Trackers over one Redis tell each other, and\n"+
			"remember it for as long as Redis, or one of them, is there; while Redis is away, tell each of them.\n"+
			"VIEWERS are those that this tracker knows: who has not joined is not among them.\n"+
			"-p2p=off is the kill switch: all viewers get all from the edge, within two seconds.", out)
	admin := flags.String("admin", "127.0.0.1:9090", "`address` of the tracker's admin listener, HOST:PORT")
	changes := map[string]any{} // by the name in JSON
	decoded := func(field string) func(string) error {
		return func(text string) error {
			var number json.Number
			if err := json.Unmarshal([]byte(text), &number); err != nil {
				return fmt.Errorf("want a number")
			}
			changes[field] = number
			return nil
		}
	}
	flags.Func("p2p", "`on|off`: whether there is a swarm", func(text string) error {
		if text != "on" && text != "off" {
			return fmt.Errorf("want on or off")
		}
		changes["p2p"] = text == "on"
		return nil
	})
	flags.Func("share", "`share` of the viewers that may join the swarm, 0 to 1; a larger one only adds viewers", decoded("share"))
	flags.Func("cell-size", "`viewers` in a cell, fully meshed", decoded("cellSize"))
	flags.Func("roots", "`cells` that fetch from the edge and feed the others", decoded("roots"))
	flags.Func("max-upload-kbps", "most that a viewer may lend of its uplink, in `kbit/s`; 0 for no bound but its own", decoded("maxUploadKbps"))
	words, err := flags.parse(args)
	if err != nil {
		return err
	}
	*admin = strings.TrimSuffix(strings.TrimPrefix(*admin, "http://"), "/") // as the metrics' URL is copied
	if err := flags.addresses("tcp", "admin"); err != nil {
		return err
	}
	switch {
	case len(words) > 1 || len(words) == 0 && len(changes) > 0:
		return usageError("control: want the name of one stream (shoal control -h explains)")
	case len(words) == 0:
		return showControls(ctx, *admin, out)
	case !tracker.ValidName(words[0]):
		return usageError(fmt.Sprintf("control: %q: %s", words[0], strings.TrimPrefix(tracker.ErrName.Error(), "tracker: ")))
	case len(changes) == 0:
		return showControl(ctx, *admin, words[0], out)
	}
	var now tracker.NamedControl
	if err := askControl(ctx, http.MethodPatch, *admin, "/"+words[0], changes, &now); err != nil {
		return err
	}
	if err := printControls(out, []tracker.NamedControl{now}, now.Warning); err != nil || now.Viewers > 0 {
		return err
	}
	_, err = fmt.Fprintf(out, "no viewers of %s here; it is for when they come\n", now.Name)
	return err
}

// controls is what a tracker answers of all streams that it knows.
type controls struct {
	Controls []tracker.NamedControl
	Warning  string
}

func showControls(ctx context.Context, admin string, out io.Writer) error {
	var all controls
	if err := askControl(ctx, http.MethodGet, admin, "", nil, &all); err != nil {
		return err
	}
	return printControls(out, all.Controls, all.Warning)
}

// showControl shows the control of one stream. Asked for it alone the tracker would tell how it would run the swarm of whatever name.
func showControl(ctx context.Context, admin, name string, out io.Writer) error {
	var all controls
	if err := askControl(ctx, http.MethodGet, admin, "", nil, &all); err != nil {
		return err
	}
	i := slices.IndexFunc(all.Controls, func(c tracker.NamedControl) bool { return c.Name == name })
	if i >= 0 {
		return printControls(out, all.Controls[i:i+1], all.Warning)
	}
	_, err := fmt.Fprintf(out, "This tracker knows no stream %s: it has no viewers here, and no control of its own.\n"+
		"It would be run as by default. What flags set, as shoal control %s -p2p=off, is kept for when viewers come.\n", name, name)
	return cmp.Or(err, printWarning(out, all.Warning))
}

// askControl makes a request to the tracker's admin listener.
func askControl(ctx context.Context, method, admin, path string, changes map[string]any, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, controlTime)
	defer cancel()
	body, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+admin+"/api/v1/control"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%w: is the tracker's admin listener there? -admin names it", err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return err
	}
	why, ours := strings.CutPrefix(strings.TrimSpace(string(b)), "tracker: ")
	switch bad := response.StatusCode == http.StatusBadRequest; {
	case bad && ours: // no tracker takes it
		return usageError("control: the tracker refuses: " + why)
	case bad, response.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s is no tracker's admin listener: -admin names it", admin)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("the tracker refuses: %s", why)
	}
	return json.Unmarshal(b, answer)
}

func printControls(out io.Writer, all []tracker.NamedControl, warning string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STREAM\tP2P\tSHARE\tCELL SIZE\tROOTS\tMOST UPLOAD\tVIEWERS")
	for _, c := range all {
		p2p, upload := "on", "no bound"
		if !c.P2P {
			p2p = "off"
		}
		if c.MaxUploadKbps > 0 {
			upload = fmt.Sprintf("%d kbit/s", c.MaxUploadKbps)
		}
		fmt.Fprintf(table, "%s\t%s\t%g\t%d\t%d\t%s\t%d\n", c.Name, p2p, c.Share, c.CellSize, c.Roots, upload, c.Viewers)
	}
	return cmp.Or(table.Flush(), printWarning(out, warning))
}

func printWarning(out io.Writer, warning string) error {
	if warning == "" {
		return nil
	}
	_, err := fmt.Fprintf(out, "WARNING: %s\n", warning)
	return err
}
