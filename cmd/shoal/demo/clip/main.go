// Command clip paints the pictures of the demo broadcast: 480 frames of 640x360, raw RGB on standard output, a shoal
// of fish under moving light. scripts/make-demo-clip pipes them through ffmpeg, which writes the title and the counter
// over them and encodes. Everything moves in whole cycles, so that the last frame leads into the first.
package main

import (
	"bufio"
	"log"
	"math"
	"os"

	"github.com/shoal-live/shoal/cmd/shoal/demo"
)

const (
	width  = demo.Width
	height = demo.Height
)

type colour struct{ r, g, b float64 }

func (a colour) mix(b colour, t float64) colour {
	return colour{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

var (
	surface = colour{38, 158, 186}
	deep    = colour{5, 26, 54}
	light   = colour{196, 240, 236}
	back    = colour{20, 74, 104}
	belly   = colour{226, 240, 240}
	gold    = colour{255, 178, 72}
	white   = colour{255, 255, 255}
	black   = colour{0, 0, 0}
)

// A canvas is one picture in linear order, painted over from back to front.
type canvas [width * height]colour

func (c *canvas) cover(x, y int, paint colour, alpha float64) {
	if x < 0 || y < 0 || x >= width || y >= height || alpha <= 0 {
		return
	}
	at := y*width + x
	c[at] = c[at].mix(paint, min(alpha, 1))
}

func main() {
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	picture := new(canvas)
	for frame := range demo.Frames {
		turn := 2 * math.Pi * float64(frame) / demo.Frames
		water(picture, turn)
		bubbles(picture, turn)
		shoal(picture, turn)
		strip(picture, frame)
		for _, p := range picture {
			out.Write([]byte{level(p.r), level(p.g), level(p.b)})
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatalf("clip: %v", err)
	}
}

func level(v float64) byte { return byte(max(0, min(255, v+0.5))) }

// water is the gradient from the surface to the deep, with shafts of light that sway.
func water(c *canvas, turn float64) {
	for y := range height {
		depth := float64(y) / height
		base := surface.mix(deep, math.Sqrt(depth))
		for x := range width {
			u := float64(x) + 0.55*float64(y)
			shaft := math.Sin(u*0.019+turn*2) + math.Sin(u*0.031-turn*3) + math.Sin(u*0.011+turn)
			bright := max(0, shaft-0.4) * 0.12 * (1 - depth)
			c[y*width+x] = base.mix(light, bright)
		}
	}
}

func bubbles(c *canvas, turn float64) {
	for i := range 18 {
		f := float64(i)
		rise := math.Mod(turn/(2*math.Pi)*float64(1+i%3)+f*0.37, 1)
		x := math.Mod(f*127+40, width) + 9*math.Sin(turn*4+f)
		y := float64(height) + 12 - rise*(height+24)
		radius := 2.5 + math.Mod(f*1.7, 4)
		for py := int(y - 9); py <= int(y+9); py++ {
			for px := int(x - 9); px <= int(x+9); px++ {
				distance := math.Hypot(float64(px)-x, float64(py)-y)
				c.cover(px, py, light, 0.55*edge(math.Abs(distance-radius)-0.7))
			}
		}
	}
}

// edge turns a signed distance in pixels into a soft coverage.
func edge(distance float64) float64 { return max(0, min(1, 0.5-distance)) }

// shoal swims one closed path; each fish follows it at its own distance and place in the flock.
func shoal(c *canvas, turn float64) {
	const fish = 46
	for i := range fish {
		f := float64(i)
		behind := math.Mod(f*0.618, 1) * 0.85
		ring := 12 + 74*math.Sqrt(math.Mod(f*0.754, 1))
		angle := f * 2.399
		place := func(turn float64) (x, y float64) {
			t := turn - behind
			x = width/2 + 214*math.Sin(t) + ring*math.Cos(angle) + 7*math.Sin(3*turn+f)
			y = height/2 - 6 + 82*math.Sin(2*t) + 0.62*ring*math.Sin(angle) + 6*math.Cos(4*turn+f)
			return x, y
		}
		x, y := place(turn)
		ahead, above := place(turn + 0.004)
		size := 9 + 7*math.Mod(f*0.317, 1)
		swim(c, x, y, math.Atan2(above-y, ahead-x), size, math.Sin(turn*32+f), i == 7)
	}
}

// swim paints one fish of the given length, nose along heading, its tail swung to one side.
func swim(c *canvas, x, y, heading, size, tail float64, golden bool) {
	sin, cos := math.Sincos(heading)
	reach := int(size*1.9) + 2
	for py := int(y) - reach; py <= int(y)+reach; py++ {
		for px := int(x) - reach; px <= int(x)+reach; px++ {
			dx, dy := float64(px)-x, float64(py)-y
			along, across := dx*cos+dy*sin, dy*cos-dx*sin
			across += tail * 0.012 * size * (1 - along/size) * (1 - along/size)

			body := (math.Hypot(along/size, across/(0.36*size)) - 1) * 0.36 * size
			fin := max(math.Abs(across)-0.42*(-along-0.72*size), -along-1.62*size, along+0.72*size)
			alpha := edge(min(body, fin))
			if alpha == 0 {
				continue
			}
			upper, lower := back, belly
			if golden {
				upper, lower = gold.mix(black, 0.25), gold
			}
			shade := max(0, min(1, 0.5+across*sign(cos)/(0.5*size)))
			c.cover(px, py, upper.mix(lower, shade), alpha*0.96)
			eye := math.Hypot(along-0.58*size, across+0.08*size*sign(cos)) - 0.09*size
			c.cover(px, py, deep, edge(eye))
		}
	}
}

func sign(v float64) float64 { return math.Copysign(1, v) }

// strip paints the counter that machines read; package demo says where.
func strip(c *canvas, frame int) {
	for y := demo.StripY - 3; y < demo.StripY+demo.Square+3; y++ {
		for x := demo.StripX - 3; x < demo.StripX+demo.Squares*demo.Square+3; x++ {
			c.cover(x, y, black, 1)
		}
	}
	for square := range demo.Squares {
		if !demo.Lit(square, frame) {
			continue
		}
		for y := range demo.Square {
			for x := range demo.Square {
				c.cover(demo.StripX+square*demo.Square+x, demo.StripY+y, white, 1)
			}
		}
	}
}
