/** crypto */
export {};
