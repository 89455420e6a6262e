// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../interfaces/IAgreementBook.sol";
import {MAX_BANDS, ONE_PPM} from "../types/Bands.sol";
import {Currencies} from "./Currencies.sol";

uint256 constant MAX_SLOS = 8; // a period's words are one array of as many, and finality reads them all
uint256 constant MAX_SECONDS = 366 days; // of a dispute window, and of a ruling: a credit is not kept waiting for years
uint256 constant MAX_WINDOW_BLOCKS = 1 << 24;

/**
 * @title What terms must be, whatever they amend
 * @dev Every fault is found in one look, a bit for each {IAgreementBook-TermsFault}. What needs the calendar's bounds is checked by the
 * book.
 */
library TermsCheck {
    function faultsOf(
        IAgreementBook.Terms calldata terms,
        uint32 minimumWindowSeconds
    ) internal pure returns (uint256 faults) {
        faults = _bit(terms.provider == address(0), IAgreementBook.TermsFault.Provider)
            | _bit(terms.tenant == address(0) || terms.tenant == terms.provider, IAgreementBook.TermsFault.Tenant)
            | _bit(terms.termsHash == 0, IAgreementBook.TermsFault.TermsHash)
            | _bit(terms.yearPeriods == 0, IAgreementBook.TermsFault.YearPeriods)
            | _bit(!_isWindow(terms, minimumWindowSeconds), IAgreementBook.TermsFault.DisputeWindow)
            | _bit(terms.rulingSeconds == 0 || terms.rulingSeconds > MAX_SECONDS, IAgreementBook.TermsFault.Ruling)
            | _bit(terms.reportSeconds == 0, IAgreementBook.TermsFault.ReportEnd)
            | _bit(terms.restateSeconds < terms.reportSeconds, IAgreementBook.TermsFault.RestateEnd)
            | _moneyFaults(terms) | _sloFaults(terms);
    }

    /// @dev No block number that a word can hold, and no year, lies further away than a window ends.
    function _isWindow(IAgreementBook.Terms calldata terms, uint32 minimumSeconds) private pure returns (bool) {
        return terms.disputeWindowSeconds >= minimumSeconds && terms.disputeWindowSeconds <= MAX_SECONDS
            && terms.disputeWindowBlocks <= MAX_WINDOW_BLOCKS;
    }

    function _moneyFaults(IAgreementBook.Terms calldata terms) private pure returns (uint256) {
        (bool known, uint8 exponent) = Currencies.exponentOf(terms.currency);
        bool capped = terms.capPpm > 0 && terms.capPpm <= ONE_PPM;
        uint256 most = uint256(terms.feeMinor) * terms.capPpm / ONE_PPM;
        bool minimum = terms.minimumMinor <= most
            && (terms.yearCapMinor == 0 || terms.minimumMinor <= terms.yearCapMinor)
            && (terms.minimumMinor > 0 || terms.belowMinimum == IAgreementBook.BelowMinimum.Nothing);
        return _bit(!known, IAgreementBook.TermsFault.Currency)
            | _bit(known && exponent != terms.exponent, IAgreementBook.TermsFault.Exponent)
            | _bit(terms.feeMinor == 0, IAgreementBook.TermsFault.Fee) | _bit(!capped, IAgreementBook.TermsFault.Cap)
            | _bit(!minimum, IAgreementBook.TermsFault.Minimum);
    }

    function _sloFaults(IAgreementBook.Terms calldata terms) private pure returns (uint256 faults) {
        uint256 count = terms.slos.length;
        faults = _bit(count == 0 || count > MAX_SLOS, IAgreementBook.TermsFault.SloCount);
        bytes32 previous = 0;
        for (uint256 i = 0; i < count && i < MAX_SLOS; ++i) {
            faults |= _bit(terms.slos[i].sloId <= previous, IAgreementBook.TermsFault.SloOrder)
                | _bandFaults(terms.slos[i].bands, terms.capPpm);
            previous = terms.slos[i].sloId;
        }
    }

    /// @dev A credit above the cap would promise what is never paid.
    function _bandFaults(IAgreementBook.Band[] calldata bands, uint256 capPpm) private pure returns (uint256 faults) {
        uint256 count = bands.length;
        faults = _bit(count == 0 || count > MAX_BANDS, IAgreementBook.TermsFault.BandCount);
        uint256 above = ONE_PPM + 1;
        uint256 less = 0;
        for (uint256 i = 0; i < count && i < MAX_BANDS; ++i) {
            (uint256 bound, uint256 credit) = (bands[i].belowPpm, bands[i].creditPpm);
            faults |= _bit(bound == 0 || bound >= above, IAgreementBook.TermsFault.BandThreshold)
                | _bit(credit <= less || credit > capPpm || credit > ONE_PPM, IAgreementBook.TermsFault.BandCredit);
            (above, less) = (bound, credit);
        }
    }

    function _bit(bool wrong, IAgreementBook.TermsFault fault) private pure returns (uint256) {
        return wrong ? uint256(1) << uint8(fault) : 0;
    }
}
