package strict

import (
	"fmt"
	"strconv"
	"strings"
)

// attributes is a parsed attribute list (4.2): values as they stand, quotes included.
type attributes map[string]string

// names are the attributes of the tags that are looked into, each with the form of its value.
var names = map[string]map[string]byte{ // d: decimal integer, f: floating point, q: quoted, e: enumerated
	"#EXT-X-PART-INF":         {"PART-TARGET": 'f'},
	"#EXT-X-SERVER-CONTROL":   {"CAN-SKIP-UNTIL": 'f', "HOLD-BACK": 'f', "PART-HOLD-BACK": 'f', "CAN-BLOCK-RELOAD": 'e', "CAN-SKIP-DATERANGES": 'e'},
	"#EXT-X-PART":             {"URI": 'q', "DURATION": 'f', "INDEPENDENT": 'e', "GAP": 'e', "BYTERANGE": 'q'},
	"#EXT-X-MAP":              {"URI": 'q', "BYTERANGE": 'q'},
	"#EXT-X-SKIP":             {"SKIPPED-SEGMENTS": 'd', "RECENTLY-REMOVED-DATERANGES": 'q'},
	"#EXT-X-PRELOAD-HINT":     {"TYPE": 'e', "URI": 'q', "BYTERANGE-START": 'd', "BYTERANGE-LENGTH": 'd'},
	"#EXT-X-RENDITION-REPORT": {"URI": 'q', "LAST-MSN": 'd', "LAST-PART": 'd'},
}

// parseAttributes reads the attribute list of a tag.
func parseAttributes(tag, list string) (attributes, error) {
	a := attributes{}
	for rest := list; ; {
		name, value, ok := strings.Cut(rest, "=")
		if !ok || name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return nil, fmt.Errorf("4.2: %q does not begin with an attribute's name", rest)
		}
		if _, twice := a[name]; twice {
			return nil, fmt.Errorf("4.2: %s stands twice", name)
		}
		end := strings.IndexByte(value, ',')
		if strings.HasPrefix(value, `"`) {
			end = strings.IndexByte(value[1:], '"')
			if end < 0 {
				return nil, fmt.Errorf("4.2: the quotes of %s do not end", name)
			}
			if end += 2; end == len(value) {
				end = -1
			} else if value[end] != ',' {
				return nil, fmt.Errorf("4.2: no comma after %s", name)
			}
		}
		rest = ""
		if end >= 0 {
			value, rest = value[:end], value[end+1:]
		}
		if err := checkForm(names[tag][name], value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		a[name] = value
		if end < 0 {
			return a, nil
		}
	}
}

func checkForm(form byte, value string) (err error) {
	quoted := strings.HasPrefix(value, `"`)
	switch form {
	case 'd':
		_, err = decimal(value)
	case 'f':
		_, err = float(value)
	case 'q':
		if !quoted {
			err = fmt.Errorf("4.2: %q stands without quotes", value)
		}
	case 'e':
		if quoted || value == "" || strings.ContainsAny(value, " \t") {
			err = fmt.Errorf("4.2: %q is no enumerated string", value)
		}
	}
	return err
}

func (a attributes) text(name string) string { return strings.Trim(a[name], `"`) }

func (a attributes) number(name string) uint64 {
	n, _ := decimal(a[name]) // its form was checked
	return n
}

func (a attributes) seconds(name string) float64 {
	f, _ := float(a[name])
	return f
}

// yes reads an attribute whose only value is YES.
func (a attributes) yes(name string) (bool, error) {
	if v, ok := a[name]; ok && v != "YES" {
		return false, fmt.Errorf("%s is %q; only YES is possible", name, v)
	}
	return a[name] == "YES", nil
}

// decimal reads a decimal-integer: 1 to 20 digits (4.2).
func decimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || s[0] == '+' || len(s) > 20 {
		return 0, fmt.Errorf("4.2: %q is no decimal integer", s)
	}
	return n, nil
}

// float reads a decimal-floating-point: digits with at most one point (4.2).
func float(s string) (float64, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole+fraction == "" || len(s) > 30 || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, fmt.Errorf("4.2: %q is no decimal floating point number", s)
	}
	return strconv.ParseFloat(s, 64)
}
