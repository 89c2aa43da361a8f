#include "heap/claim.h"

#include "base/bits.h"
#include "base/log.h"
#include "heap/misuse.h"
#include "os/objects.h"

const char *claim_maker(unsigned how)
{
    static const char *const plain[] = {"malloc", "operator new", "operator new[]"};
    static const char *const aligned[] = {"aligned_alloc", "aligned operator new", "aligned operator new[]"};
    return how & HOW_ALIGNED ? aligned[how & HOW_KIND] : plain[how & HOW_KIND];
}

const char *claim_call(unsigned how)
{
    static const char *const frees[] = {"free", "operator delete", "operator delete[]"};
    static const char *const aligned[] = {"free_aligned_sized", "aligned operator delete",
                                          "aligned operator delete[]"};
    if (how & HOW_REALLOC)
        return "realloc";
    if (how & HOW_ALIGNED)
        return aligned[how & HOW_KIND];
    return how == (HOW_MALLOC | HOW_SIZED) ? "free_sized" : frees[how & HOW_KIND];
}

static COLD void report_alignment(const void *p, const struct claim *made, const struct claim *claim)
{
    char said[48] = "without an alignment", known[32] = "none";
    if (claim->how & HOW_ALIGNED)
        log_format(said, sizeof said, "with an alignment of %zu", claim->align);
    if (made->how & HOW_ALIGNED)
        log_format(known, sizeof known, "%zu", made->align);
    misuse_report("%s of %p %s, which %s made with %s", claim_call(claim->how), p, said,
                  claim_maker(made->how), known);
}

/* Blocks of malloc and its kin may be freed without a word, those of new must be freed as they were made. */
static bool is_alignment_wrong(const struct claim *made, const struct claim *claim)
{
    bool claimed = claim->how & HOW_ALIGNED, aligned = made->how & HOW_ALIGNED;
    bool must_claim = (made->how & HOW_KIND) != HOW_MALLOC || (claim->how & HOW_SIZED);
    if (claimed && aligned)
        return claim->align != made->align;
    return claimed || (must_claim && aligned);
}

/* An object of the process with an operator new of its own, bound to it where it was linked, calls malloc
 * with it, and deletes with the operator that the process sees, ours; or the other way round. Then who mixes
 * malloc and new may do no wrong: said once, and never the reason for an abort. */
static COLD bool is_of_other_operators(const void *p, const struct claim *made, const struct claim *claim)
{
    static _Atomic bool told;
    char object[OBJECT_NAME_BYTES];
    if ((made->how & HOW_KIND) != HOW_MALLOC && (claim->how & HOW_KIND) != HOW_MALLOC)
        return false;
    if (atomic_load_explicit(&told, memory_order_relaxed))
        return true;
    if (!objects_other_with("_Znwm", object) && !objects_other_with("_Znam", object))
        return false;
    if (!atomic_exchange_explicit(&told, true, memory_order_relaxed))
        misuse_begin(
            "%s of %p (%zu bytes) which %s made: the program goes on, since %s has an operator new of "
            "its own",
            claim_call(claim->how), p, made->size, claim_maker(made->how), *object ? object : "the program");
    return true;
}

static COLD void check_kind(const void *p, const struct claim *made, const struct claim *claim)
{
    if (!is_of_other_operators(p, made, claim))
        misuse_report("%s of %p (%zu bytes) which %s made", claim_call(claim->how), p, made->size,
                      claim_maker(made->how));
}

void claim_check(const void *p, const struct claim *made, const struct claim *claim)
{
    const char *call = claim_call(claim->how);
    if (claim->how & HOW_UNKNOWN)
        return;
    if ((made->how & HOW_KIND) != (claim->how & HOW_KIND))
        check_kind(p, made, claim);
    else if ((claim->how & HOW_SIZED) && claim->size != made->size)
        misuse_report("%s of %p with a size of %zu bytes, which %s made with %zu", call, p, claim->size,
                      claim_maker(made->how), made->size);
    else if (is_alignment_wrong(made, claim))
        report_alignment(p, made, claim);
}
