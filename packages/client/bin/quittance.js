#!/usr/bin/env node
// npm links this file before anything is compiled.
import "../dist/cli/main.js";
