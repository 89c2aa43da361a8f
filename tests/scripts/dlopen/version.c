/* Has a function that the program has too: with RTLD_DEEPBIND its own calls find its own. */
int version(void)
{
    return 2;
}

int library_version(void)
{
    return version();
}
