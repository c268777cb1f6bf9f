package sim

// table holds values under numbers that grow, as the scheduler's handles do: a map that is a slice.
type table[K ~uint32, V any] struct {
	first K // number of list[0]
	list  []*V
	n     int // that are there
}

func (t *table[K, V]) get(k K) *V {
	if k < t.first || int(k-t.first) >= len(t.list) {
		return nil
	}
	return t.list[k-t.first]
}

func (t *table[K, V]) put(k K, v *V) {
	if t.n == 0 {
		t.first, t.list = k, t.list[:0]
	}
	for int(k-t.first) >= len(t.list) {
		t.list = append(t.list, nil)
	}
	t.list[k-t.first] = v
	t.n++
}

func (t *table[K, V]) drop(k K) {
	if t.get(k) == nil {
		return
	}
	t.list[k-t.first] = nil
	t.n--
	gone := 0
	for gone < len(t.list) && t.list[gone] == nil {
		gone++
	}
	if gone > len(t.list)/2 {
		t.list = t.list[:copy(t.list, t.list[gone:])]
		t.first += K(gone)
	}
}

// all returns what is there, in the order of the numbers.
func (t *table[K, V]) all() []*V {
	list := make([]*V, 0, t.n)
	for _, v := range t.list {
		if v != nil {
			list = append(list, v)
		}
	}
	return list
}
