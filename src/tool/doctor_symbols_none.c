/* doctor_symbols_none.c - where the command was built without libelf. */
#include "doctor.h"

void check_symbols(struct target *target, struct findings *findings)
{
    (void)target;
    finding_add(findings, FINDING_NOTE, "symbols",
                "this command was built without libelf: whose malloc is called was not looked at");
}

bool program_describe(const char *path, struct program_facts *facts)
{
    (void)path;
    *facts = (struct program_facts){false, false};
    return false;
}
