"use strict";
// A changed quantity is sent at once; without this script the button "Update" does it.
for (const form of document.querySelectorAll("form.line")) {
  const quantity = form.elements.quantity;
  quantity.addEventListener("change", () => {
    if (quantity.checkValidity()) form.requestSubmit();
    else quantity.reportValidity();
  });
}
