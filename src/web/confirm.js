// The confirmation page, "Sign in as …?". Its form is sent only after the page has been visible for
// one second, so that the second half of a double click on another page confirms nothing.
//
// Not a module: it runs before the form is there.
"use strict";
(() => {
  const delay = 1000;
  const form = '[data-sqrl="confirm"]';
  let timer = 0;
  let ready = false;

  const button = () => document.querySelector(`${form} button`);

  const restart = () => {
    ready = false;
    button()?.setAttribute("aria-disabled", "true");
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(() => {
      ready = true;
      button()?.removeAttribute("aria-disabled");
    }, delay);
  };

  document.addEventListener("submit", (event) => {
    if (!ready && event.target.matches(form)) event.preventDefault();
  });
  restart();
  document.addEventListener("DOMContentLoaded", restart);
  document.addEventListener("visibilitychange", restart);
  window.addEventListener("pageshow", restart);
  window.addEventListener("focus", restart);
})();
