package main

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// faults is the log of a library that writes by zap: its errors alone, in ours.
func faults(log *slog.Logger) *zap.Logger {
	return zap.New(faultCore{zapcore.ErrorLevel, log})
}

type faultCore struct {
	zapcore.LevelEnabler
	log *slog.Logger
}

// With implements zapcore.Core.
func (c faultCore) With(fields []zapcore.Field) zapcore.Core {
	return faultCore{c.LevelEnabler, slog.New(c.log.Handler().WithAttrs(attributes(fields)))}
}

// Check implements zapcore.Core.
func (c faultCore) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return to.AddCore(e, c)
	}
	return to
}

// Write implements zapcore.Core.
func (c faultCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	c.log.LogAttrs(context.Background(), slog.LevelError, e.LoggerName+": "+e.Message, attributes(fields)...)
	return nil
}

// Sync implements zapcore.Core.
func (faultCore) Sync() error { return nil }

func attributes(fields []zapcore.Field) []slog.Attr {
	enc := zapcore.NewMapObjectEncoder()
	var all []slog.Attr
	for _, f := range fields {
		f.AddTo(enc)
		if value, ok := enc.Fields[f.Key]; ok {
			all = append(all, slog.Any(f.Key, value))
		}
	}
	return all
}
