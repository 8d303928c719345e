/* When certificates end. */
#include "base/certificate.h"

#include "base/time.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

bool certificate_end(const X509 *certificate, int64_t *ends_at_us) {
    struct tm fields;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &fields) != 1) {
        return false;
    }
    *ends_at_us = (int64_t)timegm(&fields) * TIME_SECOND_US;
    return true;
}

bool certificate_file_end(const char *path, int64_t *ends_at_us) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool found = false;
    X509 *certificate;
    while ((certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        int64_t end_us = 0;
        if (certificate_end(certificate, &end_us) && (!found || end_us < *ends_at_us)) {
            *ends_at_us = end_us;
            found = true;
        }
        X509_free(certificate);
    }
    ERR_clear_error(); /* the end of the file is one to OpenSSL */
    (void)fclose(file);
    return found;
}
