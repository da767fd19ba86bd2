/* What is subtracted. */
int main(void)
{
    return 0;
}
