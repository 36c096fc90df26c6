/** Draws the console into its page. */
import "./styles/font.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/tables.css";
import "./styles/payment.css";
import "./styles/overview.css";
import { render } from "preact";
import { App } from "./app.js";

const place = document.getElementById("app");
if (place !== null) render(<App />, place);
