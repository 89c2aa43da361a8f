/* expect: operator delete of POINTER \(48 bytes\) which malloc made: the program goes on, since .* own */
/* env: HAKMEM_CHECK=1 */
/* signal: none */
#include "misuse.h"

void *_Znwm(size_t size) /* operator new; exported, since these programs are linked with -rdynamic */
{
    return malloc(size);
}

int main(void)
{
    void (*operator_delete)(void *) = function("_ZdlPv");
    void *block = _Znwm(48);
    say("POINTER", block);
    operator_delete(block);
    operator_delete(_Znwm(1000));
    return 0;
}
