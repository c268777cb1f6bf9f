//go:build !linux

package main

import "context"

func hugePages(context.Context) {}
