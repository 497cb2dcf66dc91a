/* Random bytes for programs of Rust under a Wine that is too old to have this library (before version 9). */

#include <windows.h>

/* RtlGenRandom's real name: https://learn.microsoft.com/windows/win32/api/ntsecapi/nf-ntsecapi-rtlgenrandom */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    const SIZE_T most = 1 << 16;
    while (length > 0) {
        SIZE_T piece = length < most ? length : most;
        if (!SystemFunction036(data, (ULONG)piece))
            return FALSE;
        data += piece;
        length -= piece;
    }
    return TRUE;
}
