// Prints every decision of the fleet as it is made. Standard library only: Redis speaks a simple protocol.
//
//	go run . [ENTRY-ID]    # 0 = all that is kept; default: only new ones
//
// The server is $AQE_REDIS_URL, redis://127.0.0.1:6379 without it.
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
	"strings"
)

const stream = "aqe:events:deployment-readiness:assessed"

func main() {
	log.SetFlags(0)
	address := os.Getenv("AQE_REDIS_URL")
	if address == "" {
		address = "redis://127.0.0.1:6379"
	}
	client, err := connect(address)
	if err != nil {
		log.Fatal(err)
	}
	// The place to begin is a real entry id. "$" in a loop would skip what comes between two reads.
	last := "0"
	if len(os.Args) > 1 {
		last = os.Args[1]
	} else if newest := entries(client.must("XREVRANGE", stream, "+", "-", "COUNT", "1")); len(newest) > 0 {
		last = newest[0].id
	}
	log.Print("waiting for decisions")
	for {
		// BLOCK 0 waits for ever.
		answer := client.must("XREAD", "COUNT", "100", "BLOCK", "0", "STREAMS", stream, last)
		streams, _ := answer.([]any)
		for _, one := range streams {
			for _, entry := range entries(one.([]any)[1]) {
				var decision struct{ Version, Decision, RiskLevel string }
				if err := json.Unmarshal([]byte(entry.fields["data"]), &decision); err != nil {
					log.Fatal(err)
				}
				fmt.Printf("%s %s (risk %s)\n", decision.Version, decision.Decision, decision.RiskLevel)
				last = entry.id
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
	rows, _ := answer.([]any)
	found := make([]entry, 0, len(rows))
	for _, row := range rows {
		pair := row.([]any)
		flat := pair[1].([]any)
		fields := make(map[string]string)
		for i := 0; i+1 < len(flat); i += 2 {
			fields[flat[i].(string)] = flat[i+1].(string)
		}
		found = append(found, entry{pair[0].(string), fields})
	}
	return found
}

// client is a connection that speaks RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/
type client struct {
	connection net.Conn
	reader     *bufio.Reader
}

func connect(address string) (*client, error) {
	where, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	connection, err := net.Dial("tcp", where.Host)
	if err != nil {
		return nil, err
	}
	c := &client{connection, bufio.NewReader(connection)}
	if password, given := where.User.Password(); given {
		user := where.User.Username()
		if user == "" {
			user = "default"
		}
		_, err = c.do("AUTH", user, password)
	}
	return c, err
}

func (c *client) must(command ...string) any {
	answer, err := c.do(command...)
	if err != nil {
		log.Fatal(err)
	}
	return answer
}

func (c *client) do(command ...string) (any, error) {
	var out strings.Builder
	fmt.Fprintf(&out, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(c.connection, out.String()); err != nil {
		return nil, err
	}
	return c.read()
}

// read returns a string, a number, a list of answers or, for "nothing", nil.
func (c *client) read() (any, error) {
	line, err := c.reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, text := line[0], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case '+':
		return text, nil
	case '-':
		return nil, errors.New(text)
	}
	number, err := strconv.Atoi(text)
	if err != nil || kind == ':' {
		return number, err
	}
	if number < 0 {
		return nil, nil
	}
	if kind == '$' {
		data := make([]byte, number+2)
		_, err := io.ReadFull(c.reader, data)
		return string(data[:number]), err
	}
	list := make([]any, number)
	for i := range list {
		if list[i], err = c.read(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
