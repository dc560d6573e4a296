package replay

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"
)

// recorded is a file that tcpdump wrote: a UDP datagram and its answer.
const recorded = "" +
	"d4c3b2a10200040000000000000000000000040001000000cefc016bf03603002f0000002f0000000200000000020200" +
	"000000010800450000210a90400040111bd60a0100010a010064c70b0050000d3b4170696e670acefc016bd07f03002f" +
	"0000002f000000020000000001020000000002080045000021049940003f1122cd0a0100640a0100010050c70b000d3b" +
	"3b706f6e670a"

// Where the fields are in recorded.
const (
	atVersion  = 4
	atSnapLen  = 16
	atLinkType = 20
	atFrame    = 24 // the first one's time, captured length, length
	atCaptured = atFrame + 8
	atLength   = atFrame + 12
	frameSize  = 47
)

func recording(t testing.TB) []byte {
	b, err := hex.DecodeString(recorded)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReadRecorded(t *testing.T) {
	file := recording(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string][]byte{"plain": file, "gzip": zipped.Bytes()} {
		frames, err := Read(bytes.NewReader(in), 3)
		if err != nil || len(frames) != 2 {
			t.Fatalf("%s: Read() = %d frames, %v, want 2", name, len(frames), err)
		}
		want := Frame{time.Date(2026, 11, 21, 20, 19, 26, 210672000, time.UTC), 3, file[atFrame+16:][:frameSize]}
		if !reflect.DeepEqual(frames[0], want) {
			t.Errorf("%s: first frame = %v, want %v", name, frames[0], want)
		}
		if got := frames[1].Data[6:12]; !bytes.Equal(got, []byte{2, 0, 0, 0, 0, 2}) {
			t.Errorf("%s: second frame comes from % x", name, got)
		}
	}
}

func TestReadMalformed(t *testing.T) {
	anything := errors.New("any error will do")
	whole := len(recording(t))
	tests := map[string]struct {
		keep  int // bytes of the file
		field int // offset of a 32-bit field to set, 0 for none
		value uint32
		want  error
	}{
		"empty file":                      {0, 0, 0, io.EOF},
		"one byte":                        {1, 0, 0, io.EOF},
		"half a file header":              {12, 0, 0, io.ErrUnexpectedEOF},
		"no such version":                 {whole, atVersion, 9, anything},
		"not Ethernet":                    {whole, atLinkType, 101, ErrLinkType},
		"half a frame header":             {atFrame + 8, 0, 0, io.ErrUnexpectedEOF},
		"frame header alone":              {atFrame + 16, 0, 0, io.ErrUnexpectedEOF},
		"one byte short":                  {whole - 1, 0, 0, io.ErrUnexpectedEOF},
		"frame cut by the snap length":    {whole, atLength, 1500, ErrCut},
		"captured more than there was":    {whole, atLength, 46, anything},
		"frame of four gigabytes":         {whole, atCaptured, 0xffffffff, anything},
		"snap length of four gigabytes":   {atCaptured, atSnapLen, 0xffffffff, io.ErrUnexpectedEOF},
		"file ends with its header":       {atFrame, 0, 0, nil},
		"snap length below frames, as is": {whole, atSnapLen, 1, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := recording(t)
			if tt.field != 0 {
				binary.LittleEndian.PutUint32(file[tt.field:], tt.value)
			}
			frames, err := Read(bytes.NewReader(file[:tt.keep]), 0)
			if !errors.Is(err, tt.want) && (tt.want != anything || err == nil) {
				t.Errorf("Read() = %v, want %v", err, tt.want)
			}
			if err != nil && frames != nil {
				t.Errorf("Read() returns an error and %d frames", len(frames))
			}
		})
	}
}

func TestMergeIsByTime(t *testing.T) {
	at := func(s int64, port uint16) Frame { return Frame{Time: time.Unix(s, 0), Port: port} }
	got := Merge(
		[]Frame{at(1, 0), at(4, 0), at(4, 1)},
		[]Frame{at(0, 2), at(4, 2), at(5, 2)},
	)
	want := []Frame{at(0, 2), at(1, 0), at(4, 0), at(4, 1), at(4, 2), at(5, 2)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Merge() = %v, want %v", got, want)
	}
}

func TestWriteIsReadBack(t *testing.T) {
	frames := Merge(Frames(1, []byte("first"), nil, []byte("third")), Frames(2, []byte("of another port")))
	frames[0].Time = time.Unix(7, 123456789).UTC()
	var file bytes.Buffer
	if err := Write(&file, frames, 1); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&file, 1)
	if err != nil || len(got) != 3 {
		t.Fatalf("Read() = %d frames, %v, want 3", len(got), err)
	}
	if !reflect.DeepEqual(got[0], frames[0]) || len(got[1].Data) != 0 || string(got[2].Data) != "third" {
		t.Errorf("Read() = %v, want port 1 of %v", got, frames)
	}
}

// A fullDisk takes n bytes.
type fullDisk struct{ n int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.n -= len(b); d.n < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestWriteFails(t *testing.T) {
	for name, room := range map[string]int{"at the header": 0, "at a frame's header": 24, "at a frame": 40} {
		if err := Write(&fullDisk{room}, Frames(0, []byte("frame")), 0); err == nil {
			t.Errorf("%s: Write() = nil, want an error", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	file := recording(f)
	f.Add(file)
	f.Add(file[:len(file)-1])
	f.Add(file[:atFrame+16])
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, err := Read(bytes.NewReader(b), 1)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := Write(&again, frames, 1); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&again, 1)
		if err != nil || len(got) != len(frames) {
			t.Fatalf("Read() of what was written = %d frames, %v, want %d", len(got), err, len(frames))
		}
		for i := range got {
			if !bytes.Equal(got[i].Data, frames[i].Data) {
				t.Fatalf("frame %d has changed", i)
			}
		}
	})
}
