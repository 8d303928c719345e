/* What --help says of the subcommands whose text stands beside their code: whole lines, each form
 * and then what the options mean. */
#ifndef SLOTKEEPER_CLI_USAGE_H
#define SLOTKEEPER_CLI_USAGE_H

extern const char cli_keys_usage[];
extern const char cli_topics_usage[];
extern const char cli_admin_usage[];
extern const char cli_send_usage[];
extern const char cli_listen_usage[];
extern const char cli_audit_usage[];
extern const char cli_recover_usage[];

#endif
