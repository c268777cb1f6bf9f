package edge

import "strings"

// full is the weight of what is taken as gladly as anything, in thousandths (RFC 9110 12.4.2).
const full = 1000

// accepts tells whether a header that lists what is taken, as Accept and Accept-Encoding do, allows one by its name: a wildcard names none.
func accepts(header, wanted string) bool { return weight(header, wanted) > 0 }

// weight tells how gladly a header takes what has a name, in thousandths; 0 is not at all. Where a name comes twice the first counts.
func weight(header, wanted string) int {
	for offer := range strings.SplitSeq(header, ",") {
		name, params, weighed := strings.Cut(offer, ";")
		if !strings.EqualFold(strings.TrimSpace(name), wanted) {
			continue
		}
		for weighed {
			var param string
			param, params, weighed = strings.Cut(params, ";")
			if key, value, ok := strings.Cut(param, "="); ok && strings.EqualFold(strings.TrimSpace(key), "q") {
				return thousandths(strings.TrimSpace(value))
			}
		}
		return full
	}
	return 0
}

// thousandths reads a weight. What is none is no reason to refuse.
func thousandths(q string) int {
	if strings.Trim(q, "0.") == "" {
		return 0
	}
	digits, below := strings.CutPrefix(q, "0.")
	if !below {
		return full
	}
	n := 0
	for i := range 3 {
		n *= 10
		if i >= len(digits) {
			continue
		}
		if digits[i] < '0' || digits[i] > '9' {
			return full
		}
		n += int(digits[i] - '0')
	}
	return max(1, n)
}

// preferred returns which of some names a header takes most gladly, the first of those that it takes alike; but is left out. Less than 0: none.
func preferred(header string, names []string, but []bool) (best int) {
	best, most := -1, 0
	for i, name := range names {
		if but[i] {
			continue
		}
		if q := weight(header, name); q > most {
			if best, most = i, q; q == full {
				break
			}
		}
	}
	return best
}
