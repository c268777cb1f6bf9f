package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// checkPatience is how long a service may take to say how it is.
const checkPatience = 2 * time.Second

// checkHealth is shoal check: what an image without a shell asks its own service by.
func checkHealth(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("check [flags]",
		"Asks a service on this machine whether it is ready, and ends with status 1 and the reason where it is not. For health\n"+
			"checks of containers: it reads SHOAL_ADMIN, as the service does.", out)
	admin := flags.String("admin", "127.0.0.1:9090", "`address` of the service's admin listener, HOST:PORT or :PORT")
	alive := flags.Bool("alive", false, "ask only whether it lives: whether there is sense in starting it anew")
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	if err := flags.addresses("tcp", "admin"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	path := "/readyz"
	if *alive {
		path = "/healthz"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+local(*admin)+path, nil)
	if err != nil {
		return err
	}
	direct := &http.Transport{DisableKeepAlives: true} // by no proxy of the environment's: it is here
	response, err := direct.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("check: %w: is the service's admin listener there? -admin names it", err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	said := strings.TrimSpace(string(b))
	switch {
	case err != nil:
		return fmt.Errorf("check: %w", err)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("check: %d: %s", response.StatusCode, said)
	}
	_, err = fmt.Fprintln(out, said)
	return err
}
