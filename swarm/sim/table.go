package sim

// table holds values under numbers that grow, as the scheduler's handles do: a map that is a slice. Values are made in blocks,
// so that those of one table are near each other.
type table[K ~uint32, V any] struct {
	first K // number of list[0]
	list  []*V
	n     int // that are there
	block []V // not used yet
}

const tableBlock = 16

func (t *table[K, V]) get(k K) *V {
	if k < t.first || int(k-t.first) >= len(t.list) {
		return nil
	}
	return t.list[k-t.first]
}

// put makes the value of k, which is not there yet.
func (t *table[K, V]) put(k K) *V {
	if len(t.block) == 0 {
		t.block = make([]V, tableBlock)
	}
	v := &t.block[0]
	t.block = t.block[1:]
	if t.n == 0 {
		t.first, t.list = k, t.list[:0]
	}
	for int(k-t.first) >= len(t.list) {
		t.list = append(t.list, nil)
	}
	t.list[k-t.first] = v
	t.n++
	return v
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
