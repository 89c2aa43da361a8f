// Blocks of C that goroutines hand to each other, and C that calls back; prints what it found.
package main

/*
#include <stdlib.h>
#include <string.h>

extern int measure(char *text);

static int call_back(char *text) { return measure(text); }

static char *repeat(const char *text, int times)
{
    char *all = calloc(strlen(text) * times + 1, 1);
    for (int i = 0; i < times; i++)
        strcat(all, text);
    return all;
}
*/
import "C"

import (
	"fmt"
	"os/exec"
	"sync"
	"unsafe"
)

//export measure
func measure(text *C.char) C.int {
	copied := C.CString(C.GoString(text))
	defer C.free(unsafe.Pointer(copied))
	return C.int(C.strlen(copied))
}

func produce(number int, blocks chan<- *C.char) {
	for i := 0; i < 500; i++ {
		text := C.CString(fmt.Sprintf("%d-%d ", number, i))
		blocks <- C.repeat(text, C.int(i%40))
		C.free(unsafe.Pointer(text))
	}
}

func consume(blocks <-chan *C.char, sums chan<- int) {
	sum := 0
	for block := range blocks {
		sum += int(C.call_back(block))
		block = (*C.char)(C.realloc(unsafe.Pointer(block), 5000))
		sum += int(C.strlen(block))
		C.free(unsafe.Pointer(block))
	}
	sums <- sum
}

func main() {
	blocks, sums := make(chan *C.char, 100), make(chan int)
	var producers sync.WaitGroup
	for i := 0; i < 8; i++ {
		producers.Add(1)
		go func(number int) {
			defer producers.Done()
			produce(number, blocks)
		}(i)
		go consume(blocks, sums)
	}
	producers.Wait()
	close(blocks)
	total := 0
	for i := 0; i < 8; i++ {
		total += <-sums
	}
	said, err := exec.Command("echo", "done").Output()
	fmt.Println(total, string(said), err)
}
