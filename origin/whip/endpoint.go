package whip

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
)

type Config struct {
	Addr      string
	PublicIPs []string
	Keyframes time.Duration
	Authorize func(key string) (name string, ok bool)
	Streams   *stream.Streams
	Metrics   *stream.Metrics
	Log       *slog.Logger
}
type Endpoint struct{}

func New(Config) *Endpoint                                       { return &Endpoint{} }
func (e *Endpoint) Listen() error                                { return nil }
func (e *Endpoint) Addresses() []string                          { return nil }
func (e *Endpoint) Run(ctx context.Context)                      { <-ctx.Done() }
func (e *Endpoint) ServeHTTP(http.ResponseWriter, *http.Request) {}
