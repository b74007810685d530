/**
 * ListDevices: the devices of the caller's own user, or of any user for the administrator.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import { permissionDenied, type Caller, type UnaryHandler } from '@canopy/service';
import { readDevicePage } from '../device-pages.ts';
import type { Parts } from '../parts.ts';
import { requireUser } from '../request-fields.ts';

type Handler<Who> = UnaryHandler<authentication.ListDevicesRequest, authentication.ListDevicesResponse, Who>;

/** Makes the handler of ListDevices for devices. */
export function listDevices(parts: Parts): Handler<Caller> {
  return async (request, { caller }) => {
    const user = requireUser(request.user, 'user', parts.config.domain);
    if (user !== caller.user) throw permissionDenied('OTHER_USER');
    return readDevicePage(request, parts);
  };
}

/** Makes the handler of ListDevices for the administrator. */
export function listDevicesOfAnyone(parts: Parts): Handler<undefined> {
  return (request) => readDevicePage(request, parts);
}
