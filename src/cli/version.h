/* The release, as --version prints it; a test compares it with the build's project version. */
#ifndef SLOTKEEPER_CLI_VERSION_H
#define SLOTKEEPER_CLI_VERSION_H

#define SLOTKEEPER_VERSION "0.1.0"

#endif
