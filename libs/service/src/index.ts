/** service */
export {};
