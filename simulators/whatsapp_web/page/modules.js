// WhatsApp Web's modules as far as wa-js needs them, under names that are theirs or close to them. wa-js finds a module
// by what it exports, so the exports are what must be right.

import { account } from "./modules/account.js";
import { build } from "./modules/build.js";
import { chats } from "./modules/chats.js";
import { classes } from "./modules/classes.js";
import { connection } from "./modules/connection.js";
import { contacts } from "./modules/contacts.js";
import { sending } from "./modules/sending.js";

export const modules = { ...connection, ...account, ...classes, ...build, ...contacts, ...chats, ...sending };
