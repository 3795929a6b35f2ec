/* What is there without being configured, and what sections begin with. */
#ifndef CONFIG_DEFAULTS_H
#define CONFIG_DEFAULTS_H

#include "config/parser.h"

/* All defaults but paths', which depend on each other. Before the files. */
void defaults_store(struct parser *parser);

/* Paths that the files have left out. Behind them. */
void defaults_store_paths(struct parser *parser);

/* A section that a file adds, with its defaults. There is room for it. */
struct config_service *
defaults_add_service(struct parser *parser, struct slice name);
struct config_alert *
defaults_add_alert(struct parser *parser, struct slice name);
struct config_notify *
defaults_add_notify(struct parser *parser, struct slice name);

#endif
