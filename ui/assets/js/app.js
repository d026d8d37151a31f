// Everything the pages do beyond reading links and sending forms. Each module looks for its own marks (data-…).
import "./htmx.js";
import "./themes.js";
import "./dialogs.js";
import "./menus.js";
import "./keyboard.js";
import "./palette.js";
import "./places.js";
import "./list.js";
import "./selection.js";
import "./board.js";
import "./combobox.js";
import "./record.js";
import "./transitions.js";
import "./tabs.js";
import "./views.js";
import "./dialog_links.js";
import "./columns.js";
