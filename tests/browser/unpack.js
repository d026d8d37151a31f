// Unpacks the browser into the folder for temporary files and prints where its program is.
import chromium from "@sparticuz/chromium";
console.log(await chromium.executablePath());
