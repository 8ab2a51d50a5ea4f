// Says whether histories of a lane's row, one a line of standard input, are linearizable: checked by Porcupine.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

// Operation is one call of a worker. What it was told is Outcome: "done", "refused", or "unknown" when it was never told.
type Operation struct {
	Worker   int
	Call     int64
	Return   int64
	Kind     string // "take over" or "write"
	Epoch    int    // told of a take-over, given to a write
	Expected int    // told of a take-over, given to a write
	Next     int    // given to a write
	Outcome  string
}

// lane is the row: who owns it, and what is read next.
type lane struct {
	epoch, next int
}

func step(state, input, _ interface{}) (bool, interface{}) {
	row, operation := state.(lane), input.(Operation)
	fits := operation.Epoch == row.epoch && operation.Expected == row.next
	switch {
	case operation.Kind == "take over" && operation.Outcome == "done":
		row.epoch++
		return operation.Epoch == row.epoch && operation.Expected == row.next, row
	case operation.Kind == "take over":
		row.epoch++
		return true, row
	case operation.Outcome == "refused":
		return !fits, row
	case fits:
		row.next = operation.Next
		return true, row
	default: // a write that was told as done has to fit; one that nobody knows of may come when it changes nothing
		return operation.Outcome == "unknown", row
	}
}

func operations(line []byte) ([]porcupine.Operation, error) {
	var told []Operation
	if err := json.Unmarshal(line, &told); err != nil {
		return nil, err
	}
	var found []porcupine.Operation
	for number, each := range told {
		client := each.Worker
		if each.Outcome == "unknown" {
			// It may take effect at any later time, and its worker goes on meanwhile.
			each.Return = math.MaxInt64
			client = 1_000 + number
		}
		found = append(found, porcupine.Operation{ClientId: client, Input: each, Call: each.Call, Return: each.Return})
	}
	return found, nil
}

func main() {
	model := porcupine.Model{Init: func() interface{} { return lane{} }, Step: step}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		history, err := operations(lines.Bytes())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		fmt.Println(porcupine.CheckOperationsTimeout(model, history, time.Minute))
	}
}
