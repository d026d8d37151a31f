// The page of the API's documentation: swagger-ui on the document that this user may see.
import SwaggerUI from "swagger-ui-dist/swagger-ui-bundle.js";

const place = document.getElementById("api-docs");

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUI({
  domNode: place,
  url: place.dataset.document,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  requestInterceptor(request) {
    // Tried from here, a write goes with the session's cookie and so needs the page's token.
    request.headers["X-CSRFToken"] = place.dataset.csrf;
    return request;
  },
});
