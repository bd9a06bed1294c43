# SPDX-License-Identifier: Apache-2.0
#
# Cmdlets for settings, checks, the Windows service and backups.

function Get-OpenNdesConfiguration {
    <#
    .SYNOPSIS
    Gets the settings of the service.

    .DESCRIPTION
    Gives one object for each setting of openndes.json: Value is in force, Source says where it comes from (default,
    file, policy), File and Policy hold the values of openndes.json and of Group Policy where they are set. A value
    of Group Policy that is not possible has Reason and Problem.

    .PARAMETER Key
    Names of settings; * and ? are allowed. Without it all are given.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Get-OpenNdesConfiguration -Key https.*

    Shows the settings for HTTPS.
    #>
    [CmdletBinding()]
    [OutputType('OpenNDES.Setting')]
    param(
        [Parameter(Position = 0)]
        [SupportsWildcards()]
        [ValidateNotNullOrEmpty()]
        [string[]]$Key = @('*'),

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument @('config', 'show', '--sources', '--json')
        foreach ($property in (ConvertFrom-Json -InputObject $text).PSObject.Properties) {
            if (@($Key | Where-Object -FilterScript { $property.Name -like $_ }).Count -ne 0) {
                $setting = ConvertTo-OpenNdesObject -Row $property.Value -TypeName 'OpenNDES.Setting' -Names 'File', 'Policy', 'Reason', 'Problem'
                $setting | Add-Member -NotePropertyName 'Key' -NotePropertyValue $property.Name
                $setting
            }
        }
    }
}

function Set-OpenNdesConfiguration {
    <#
    .SYNOPSIS
    Changes settings of the service.

    .DESCRIPTION
    Changes one or more settings of openndes.json; all are checked together and written together, or none.
    Listeners, limits, workers and sizes of logs take effect when the service starts again, the others within
    seconds.

    .PARAMETER Setting
    A dictionary of settings, such as @{ 'log.level' = 'debug'; 'audit.files' = 20 }. "openndes config explain"
    lists them.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Set-OpenNdesConfiguration -Setting @{ 'public_url' = 'http://scep.example.com' }

    Sets the name under which devices reach this server.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory, Position = 0)]
        [ValidateNotNull()]
        [System.Collections.IDictionary]$Setting,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $arguments = @('config', 'set')
        $arguments += @(ConvertTo-OpenNdesSetting -Cmdlet $PSCmdlet -Setting $Setting)
        if ($PSCmdlet.ShouldProcess('openndes.json', 'Set ' + (@($Setting.Keys) -join ', '))) {
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target 'openndes.json')
        }
    }
}

function Test-OpenNdes {
    <#
    .SYNOPSIS
    Looks for what is broken or will end soon.

    .DESCRIPTION
    Gives one object for each thing that was checked: Level is ok, warning or error, Text says what was found,
    Remedy what to do, Reason is the id of an error's reason. Findings of level error are no error of the cmdlet.

    .PARAMETER Quiet
    Gives $true when nothing is broken, and $false otherwise, instead of the findings.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Test-OpenNdes | Where-Object Level -ne 'ok' | Format-List What, Text, Remedy

    Shows what needs attention, and what to do.

    .EXAMPLE
    if (-not (Test-OpenNdes -Quiet)) { Write-Warning 'OpenNDES needs attention' }

    Tells a script whether something is broken.
    #>
    [CmdletBinding()]
    [OutputType('OpenNDES.Finding')]
    [OutputType([bool])]
    param(
        [switch]$Quiet,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument @('check', '--json') -AllowFailure
        $findings = @(ConvertFrom-OpenNdesJson -Text $text -TypeName 'OpenNDES.Finding' -Names 'Reason', 'Remedy')
        if ($Quiet) {
            @($findings | Where-Object -FilterScript { $_.Level -eq 'error' }).Count -eq 0
        }
        else {
            $findings
        }
    }
}

function Get-OpenNdesStatus {
    <#
    .SYNOPSIS
    Gets the state of the Windows service.

    .DESCRIPTION
    State is running, stopped, missing or one between. Account, Automatic, Delayed, Process, Command, Data (the
    data folder), ExitCode and WindowsExitCode (of the last end) are empty where no service is installed.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Get-OpenNdesStatus | Format-List *

    Shows everything about the service.
    #>
    [CmdletBinding()]
    [OutputType('OpenNDES.Status')]
    param(
        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument @('service', 'status', '--json') -AllowFailure
        ConvertFrom-OpenNdesJson -Text $text -TypeName 'OpenNDES.Status' -Names 'Process', 'Account', 'Automatic', 'Delayed', 'Command', 'Data', 'WindowsExitCode', 'ExitCode'
    }
}

function Backup-OpenNdes {
    <#
    .SYNOPSIS
    Makes an encrypted backup of the data folder.

    .DESCRIPTION
    Writes keys, certificates, settings and database into one file, encrypted with a password. It works while the
    service runs. Without the password nobody can restore the file. Keys in the machine's key store are not in it.

    .PARAMETER Path
    The file to write; it must not exist.

    .PARAMETER Password
    The password that the file is encrypted with, 16 characters or more. It reaches the program by standard input.

    .PARAMETER IncludeLog
    Logs and audit records too.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Backup-OpenNdes -Path D:\Backup\openndes.backup -Password (Read-Host -AsSecureString -Prompt 'Password')

    Makes a backup and asks for its password.

    .EXAMPLE
    Backup-OpenNdes -Path "D:\Backup\$(Get-Date -Format yyyyMMdd).backup" -Password (Import-Clixml -Path D:\Backup\password.xml)

    Makes a backup from a scheduled task, with a password that was stored by Export-Clixml for the task's account.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    [OutputType([System.IO.FileInfo])]
    param(
        [Parameter(Mandatory, Position = 0)]
        [ValidateNotNullOrEmpty()]
        [string]$Path,

        [Parameter(Mandatory, Position = 1)]
        [System.Security.SecureString]$Password,

        [switch]$IncludeLog,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $file = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
        $arguments = @('backup', $file)
        if ($IncludeLog) {
            $arguments += '--with-logs'
        }
        if ($PSCmdlet.ShouldProcess($file, 'Back up OpenNDES')) {
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Secret $Password -Target $file)
            Get-Item -LiteralPath $file
        }
    }
}
